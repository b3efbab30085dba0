import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { callEngine } from '#local/demo/engine.ts';

/** A registry of container images. Engines take one at 127.0.0.1 without TLS. */
export interface Registry extends AsyncDisposable {
  /** `127.0.0.1:port`, for references of images. */
  readonly host: string;
  /** How often a tag of a name was asked for. */
  readonly pulls: ReadonlyMap<string, number>;
  /** Puts an image of an engine into it as `name:tag`; gives the reference, which the engine has forgotten again. */
  add(image: string, name: string, tag: string): Promise<string>;
}

/** Who may use a registry; `repeats`: it says in its refusals what it was sent. */
export interface RegistryLogin {
  readonly username: string;
  readonly password: string;
  readonly repeats?: boolean;
}

/** What a registry is started with; `hold`: what it waits for before it gives a manifest away. */
export interface RegistryOptions {
  readonly login?: RegistryLogin;
  readonly hold?: (name: string) => Promise<void>;
  readonly socket?: string;
}

const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/**
 * A registry in memory, which is pushed to and pulled from (OCI Distribution Specification 1.1). With a login it asks
 * for it by HTTP Basic; without, it is open to everybody, but 401 for what is under `private/`.
 */
export async function startRegistry(options: RegistryOptions = {}): Promise<Registry> {
  const { login, hold, socket = '/var/run/docker.sock' } = options;
  const blobs = new Map<string, Buffer>();
  const manifests = new Map<string, { readonly type: string; readonly bytes: Buffer }>();
  const uploads = new Map<string, Buffer[]>();
  const pulls = new Map<string, number>();
  const expected = login && `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`;

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const { method = 'GET', headers } = request;
    const url = new URL(request.url ?? '/', 'http://registry');
    const refuse = (status: number, code: string, message: string, more = {}) =>
      response
        .writeHead(status, { 'content-type': 'application/json', ...more })
        .end(JSON.stringify({ errors: [{ code, message }] }));
    const give = (bytes: Buffer, type: string) =>
      response
        .writeHead(200, {
          'content-type': type,
          'content-length': bytes.length,
          'docker-content-digest': digestOf(bytes),
        })
        .end(method === 'HEAD' ? undefined : bytes);
    const made = (status: number, more: Record<string, string>) => response.writeHead(status, more).end();

    if (expected === undefined && url.pathname.startsWith('/v2/private/'))
      return refuse(401, 'UNAUTHORIZED', 'authentication required');
    if (expected !== undefined && headers.authorization !== expected) {
      const said = login?.repeats ? `not with ${headers.authorization}` : 'authentication required';
      return refuse(401, 'UNAUTHORIZED', said, { 'www-authenticate': 'Basic realm="test"' });
    }
    if (url.pathname === '/v2/') return made(200, { 'docker-distribution-api-version': 'registry/2.0' });

    const [, name, kind, reference = ''] =
      /^\/v2\/(.+)\/(manifests|blobs\/uploads|blobs)\/(.*)$/.exec(url.pathname) ?? [];
    if (name === undefined) return refuse(404, 'NAME_UNKNOWN', 'name unknown');
    if (kind === 'blobs/uploads') {
      const id = reference || randomUUID();
      const parts = [...(uploads.get(id) ?? []), await bytesOf(request)];
      uploads.set(id, parts);
      const digest = url.searchParams.get('digest');
      const location = `/v2/${name}/blobs/uploads/${id}`;
      if (method !== 'PUT' || digest === null)
        return made(202, { location, range: `0-${Buffer.concat(parts).length}`, 'docker-upload-uuid': id });
      blobs.set(digest, Buffer.concat(parts));
      return made(201, { location: `/v2/${name}/blobs/${digest}`, 'docker-content-digest': digest });
    }
    if (kind === 'blobs') {
      const found = blobs.get(reference);
      return found ? give(found, 'application/octet-stream') : refuse(404, 'BLOB_UNKNOWN', 'blob unknown');
    }
    if (method === 'PUT') {
      const bytes = await bytesOf(request);
      const manifest = { type: headers['content-type'] ?? '', bytes };
      for (const key of [reference, digestOf(bytes)]) manifests.set(`${name}:${key}`, manifest);
      return made(201, { location: url.pathname, 'docker-content-digest': digestOf(bytes) });
    }
    const found = manifests.get(`${name}:${reference}`);
    if (found === undefined) return refuse(404, 'MANIFEST_UNKNOWN', 'manifest unknown');
    await hold?.(name);
    // Engines ask what a tag means, and then for what they have not seen by its digest.
    if (!reference.startsWith('sha256:')) pulls.set(name, (pulls.get(name) ?? 0) + 1);
    return give(found.bytes, found.type);
  };

  const server = createServer((request, response) => void answer(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('The registry has no port.');
  const host = `127.0.0.1:${address.port}`;

  const engine = async (method: string, path: string, headers = {}) => {
    const { status, body } = await callEngine(socket, method, path, undefined, headers);
    if (status >= 300 || body.includes('"error"')) throw new Error(`${method} ${path}: ${status} ${body}`);
  };
  return {
    host,
    pulls,
    async add(image, name, tag) {
      const repo = `${host}/${name}`;
      const auth = Buffer.from(JSON.stringify({ ...login, serveraddress: host })).toString('base64');
      await engine('POST', `/images/${image}/tag?${new URLSearchParams({ repo, tag })}`);
      await engine('POST', `/images/${repo}/push?tag=${tag}`, { 'x-registry-auth': auth });
      await engine('DELETE', `/images/${repo}:${tag}`);
      pulls.delete(name);
      return `${repo}:${tag}`;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
