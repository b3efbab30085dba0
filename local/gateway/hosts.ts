import type { Socket } from 'node:net';
import { addressOf, hostName } from './event.ts';

const always = ['localhost', '127.0.0.1', '[::1]'];

/**
 * Decides whether a `Host` header is one of ours. Without this, any web page could reach a service on this machine by
 * a name that it points here (DNS rebinding). Ports are ignored: they may be forwarded, and no page can choose the
 * name `localhost`. The address that a connection has arrived at is fine too: it is no name that could point anywhere.
 */
export function createHostCheck(allowed: readonly string[]) {
  const names = new Set([...always, ...allowed].map((name) => name.toLowerCase()));
  return (host: string | undefined, socket: Pick<Socket, 'localAddress'>): boolean => {
    if (host === undefined) return false;
    const name = hostName(host).toLowerCase();
    if (names.has(name)) return true;
    const address = addressOf(socket.localAddress).toLowerCase();
    return address !== '' && (name === address || name === `[${address}]`);
  };
}
