// A mail merge with npm's nodemailer, as its documentation shows it; clients.py says what the settings (JSON, on the
// input) mean. Prints {"seconds": ...} when every message is accepted, and fails when one is not.
const nodemailer = require("nodemailer");

const { readFileSync } = require("node:fs");

const { port, connections, authority, letter, rows } = JSON.parse(readFileSync(0, "utf8"));
const security = authority ? { secure: true, tls: { ca: readFileSync(authority) } } : { secure: false, ignoreTLS: true };
const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;" };
const h = (value) => String(value).replace(/[&<>"']/g, (character) => ENTITIES[character]);
const filled = Object.entries(letter).map(([field, text]) => [field, new Function("row", "h", `return \`${text}\``)]);

(async () => {
  const started = performance.now();
  const transporter = nodemailer.createTransport({
    host: "127.0.0.1", port, ...security, pool: true, maxConnections: connections, maxMessages: Infinity,
  });
  await Promise.all(
    rows.map((row) => transporter.sendMail(Object.fromEntries(filled.map(([field, fill]) => [field, fill(row, h)])))),
  );
  console.log(JSON.stringify({ seconds: (performance.now() - started) / 1000 }));
  transporter.close();
})();
