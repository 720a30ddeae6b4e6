// Delivers one message with nodemailer; what to deliver comes as JSON on standard input.
"use strict";

const fs = require("node:fs");
const nodemailer = require("nodemailer");

const delivery = JSON.parse(fs.readFileSync(0, "utf8"));

const transport = nodemailer.createTransport({
  host: delivery.host,
  port: delivery.port,
  name: delivery.helo,
  ignoreTLS: true,
});

transport
  .sendMail({
    envelope: {
      from: delivery.sender,
      to: delivery.recipients,
      use8BitMime: delivery.is_8bit,
    },
    raw: Buffer.from(delivery.content, "base64"),
  })
  .catch((error) => {
    process.stderr.write(`${error}\n`);
    process.exitCode = 1;
  });
