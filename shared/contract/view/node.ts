import { consentsOf } from '#domain/docker.ts';
import { connectionOf, type Node, type Roster } from '#domain/node.ts';
import { nodeWarnings } from '#domain/node-warnings.ts';
import { timestamp, timestampOrNull } from './time.ts';

/** A node with its last sync, as the API shows it now (epoch milliseconds). */
export const showNode = (node: Node, roster: Roster | undefined, now: number) => ({
  uid: node.uid,
  name: node.name,
  type: node.type,
  ip_address: node.ip_address,
  port: node.port,
  status: node.status,
  created_at: timestamp(node.created_at),
  connection: connectionOf(roster, now),
  last_seen_at: timestampOrNull(roster?.seen_at),
  instances: node.instances,
  max_instances: node.max_instances,
  labels: node.labels,
  allow: consentsOf(node.allow),
  drain: node.drain
    ? {
        since: timestamp(node.drain.since),
        deadline: timestampOrNull(node.drain.deadline),
        note: node.drain.note ?? null,
        by: node.drain.by,
      }
    : null,
  facts: roster?.facts ?? null,
  warnings: [...nodeWarnings(node, roster, now)],
});

const loopback = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/;

/** Plain http that leaves this machine: the installer refuses it unless it is told that it may. */
const isExposed = (publicUrl: string): boolean => {
  const { protocol, hostname } = new URL(publicUrl);
  return protocol === 'http:' && !loopback.test(hostname);
};

// The code is of base64url, and the address of a URL: neither has a character that a shell would read.
/** The line that attaches a machine, and until when it is good; `allowHttp`: this installation is meant to be called by http. */
export const showEnrollment = (publicUrl: string, code: string, expiresAt: number, allowHttp: boolean) => ({
  command: `curl -fsSL ${publicUrl}/agent/install.sh | sudo sh -s -- --url ${publicUrl} --code ${code}${
    allowHttp && isExposed(publicUrl) ? ' --allow-http' : ''
  }`,
  expires_at: timestamp(expiresAt),
});
