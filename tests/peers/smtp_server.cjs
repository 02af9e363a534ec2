// npm's smtp-server as a test peer; node.py starts it and says what its settings (the one argument, JSON) mean.
// Prints {"port": ..., "tls_port": ...} once it listens, stores each message before it is accepted, ends when its input is closed.
const fs = require("node:fs");
const { SMTPServer } = require("smtp-server");

const { file, refuse, refuseSenders, credentials, certificate, options } = JSON.parse(process.argv[2]);

const refusal = (responseCode, text) => Object.assign(new Error(text), { responseCode });

const settings = {
  name: "localhost",
  disableReverseLookup: true,
  disabledCommands: [...(certificate ? [] : ["STARTTLS"]), ...(credentials ? [] : ["AUTH"])],
  allowInsecureAuth: !certificate,
  ...(certificate && { cert: fs.readFileSync(certificate[0]), key: fs.readFileSync(certificate[1]) }),
  ...options,
  onAuth({ username, password, accessToken, validatePassword }, session, done) {
    const shown = validatePassword ? validatePassword(credentials[1]) : (accessToken ?? password) === credentials[1];
    const known = username === credentials[0] && shown;
    done(known ? null : refusal(535, "5.7.8 Authentication credentials invalid"), known && { user: username });
  },
  onMailFrom({ address }, session, done) {
    done(refuseSenders.includes(address) ? refusal(550, "5.7.1 Not from you") : null);
  },
  onRcptTo({ address }, session, done) {
    done(refuse.includes(address) ? refusal(550, "5.1.1 No such user here") : null);
  },
  onData(stream, session, done) {
    const pieces = [];
    stream.on("data", (piece) => file && pieces.push(piece));
    stream.on("end", () => {
      const { mailFrom, rcptTo } = session.envelope;
      const content = Buffer.concat(pieces).toString("base64");
      const recipients = rcptTo.map(({ address }) => address);
      const arrival = { sender: mailFrom.address || "", recipients, content };
      if (file) fs.appendFileSync(file, JSON.stringify(arrival) + "\n");
      done(stream.sizeExceeded ? refusal(552, "5.3.4 Message too big") : null);
    });
  },
};

const listen = (more) =>
  new Promise((resolve) => {
    const server = new SMTPServer({ ...settings, ...more });
    server.on("error", () => {}); // a client that hangs up is a test's business, not a crash
    server.listen(0, "127.0.0.1", () => resolve(server.server.address().port));
  });

(async () => {
  const port = await listen({});
  console.log(JSON.stringify({ port, ...(certificate && { tls_port: await listen({ secure: true }) }) }));
})();
process.stdin.on("end", () => process.exit()).resume();
