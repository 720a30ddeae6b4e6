// Delivers one message with nodemailer; what to deliver comes as JSON on standard input.
"use strict";

const fs = require("node:fs");
const nodemailer = require("nodemailer");

const delivery = JSON.parse(fs.readFileSync(0, "utf8"));

function login() {
  if (!delivery.mechanism) return undefined;
  return delivery.is_bearer
    ? { type: "OAuth2", user: delivery.username, accessToken: delivery.secret }
    : { user: delivery.username, pass: delivery.secret };
}

const transport = nodemailer.createTransport({
  host: delivery.host,
  port: delivery.port,
  name: delivery.helo,
  ignoreTLS: delivery.tls === "off",
  requireTLS: delivery.tls === "starttls",
  secure: delivery.tls === "implicit",
  tls: delivery.ca_file ? { ca: fs.readFileSync(delivery.ca_file) } : undefined,
  authMethod: delivery.mechanism || undefined,
  auth: login(),
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
