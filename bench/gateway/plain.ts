import { createServer } from 'node:http';

// What Node's own server does with an answer of the size of ours: the measure for the gateway.
const body = JSON.stringify({ message: 'ok' });
const server = createServer((_, response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }).end(body);
}).listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address !== null) process.stdout.write(`http://127.0.0.1:${address.port}\n`);
});
process.stdin.on('end', () => process.exit()).resume();
