// What AsyncAPI's own parser says of the document on stdin: its diagnostics and the messages that it read, as JSON.
const { Parser } = require(require.resolve("@asyncapi/parser", { paths: [process.argv[2]] }));
const { readFileSync } = require("node:fs");

new Parser().parse(readFileSync(0, "utf8")).then(({ document, diagnostics }) => {
  const told = diagnostics.map(({ severity, code, message, path }) => ({ severity, code, message, path: path.join(".") }));
  const channels = document ? document.channels().all() : [];
  const messages = channels.flatMap((channel) => channel.messages().all().map((message) => message.id()));
  console.log(JSON.stringify({ diagnostics: told, messages }));
});
