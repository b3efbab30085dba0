import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { ownReply, type Reply } from './reply.ts';

/** The rest of the body is not read, so the connection can't be used again. */
export const tooLarge = ownReply(413, 'Request Entity Too Large', ['connection', 'close']);

/** Refuses a `Host` that is not ours, as the API refuses. */
export function hostRefused(host: string | undefined): Reply {
  const detail =
    `This service is not called ${JSON.stringify(host ?? '')}. Call it by localhost, by its address, or set ` +
    'RUNNER_PILOT_PUBLIC_URL to the address by which it is to be called.';
  const requestId = randomUUID();
  const code = 'host.refused';
  return {
    status: 403,
    headers: ['content-type', 'application/problem+json', 'x-request-id', requestId, 'cache-control', 'no-store'],
    body: JSON.stringify({
      type: `/docs/problems.md#${code}`,
      title: 'The Host header names another service',
      status: 403,
      code,
      detail,
      request_id: requestId,
    }),
  };
}

/** What the HTTP parser refuses never becomes a request: it is answered on the socket. */
export function refuseUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const [status, message] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? ['431 Request Header Fields Too Large', 'Request Header Fields Too Large']
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? ['408 Request Timeout', 'Request Timeout']
        : ['400 Bad Request', 'Bad Request'];
  const body = JSON.stringify({ message });
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  );
}
