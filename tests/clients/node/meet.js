// Sends with nodemailer to many servers, some at once; what and where comes as JSON on standard input,
// and what it said of each is printed as JSON.
"use strict";

const fs = require("node:fs");
const nodemailer = require("nodemailer");

const { jobs, timeout, ca_file: caFile, at_once: atOnce } = JSON.parse(fs.readFileSync(0, "utf8"));

async function meet(job) {
  const transport = nodemailer.createTransport({
    host: job.host,
    port: job.port,
    name: "client.test",
    ignoreTLS: !job.starttls,
    requireTLS: job.starttls,
    tls: { ca: fs.readFileSync(caFile) },
    auth: job.login ? { user: job.login[0], pass: job.login[1] } : undefined,
    connectionTimeout: timeout,
    greetingTimeout: timeout,
    socketTimeout: timeout,
  });
  const rejected = {};
  try {
    for (const raw of job.mails) {
      const envelope = { from: job.sender, to: job.recipients };
      const info = await transport.sendMail({ envelope, raw });
      for (const error of info.rejectedErrors || []) rejected[error.recipient] = error.responseCode;
    }
  } catch (error) {
    return { error: String(error) };
  }
  return { rejected };
}

const said = [];

async function takeTurns() {
  while (said.length < jobs.length) {
    const turn = said.push(null) - 1;
    said[turn] = await meet(jobs[turn]);
  }
}

Promise.all(Array.from({ length: atOnce }, takeTurns)).then(() =>
  process.stdout.write(JSON.stringify(said)),
);
