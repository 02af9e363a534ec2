// npm's smtp-server as a test peer; peers.py starts it and says what its settings (the one argument, JSON) mean.
// Prints {"port": ...} once it listens, stores each message before it is accepted, ends when its input is closed.
const fs = require("node:fs");
const { SMTPServer } = require("smtp-server");

const { file, refuse, credentials, certificate, options } = JSON.parse(process.argv[2]);

const refusal = (responseCode, text) => Object.assign(new Error(text), { responseCode });

const server = new SMTPServer({
  name: "localhost",
  disableReverseLookup: true,
  disabledCommands: [...(certificate ? [] : ["STARTTLS"]), ...(credentials ? [] : ["AUTH"])],
  allowInsecureAuth: !certificate,
  ...(certificate && { cert: fs.readFileSync(certificate[0]), key: fs.readFileSync(certificate[1]) }),
  ...options,
  onAuth({ username, password }, session, done) {
    const known = username === credentials[0] && password === credentials[1];
    done(known ? null : refusal(535, "5.7.8 Authentication credentials invalid"), known && { user: username });
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
});

server.on("error", () => {}); // a client that hangs up is a test's business, not a crash
server.listen(0, "127.0.0.1", () => console.log(JSON.stringify({ port: server.server.address().port })));
process.stdin.on("end", () => process.exit()).resume();
