/** What the tour needs besides the address of the API. */
export interface TourOptions {
  readonly url: string;
  readonly image: string;
  readonly repository: string;
  readonly credential: string;
  /** Makes GitHub give a job to the instance: it runs until `release` is called. */
  readonly queueJob: () => { release(): void };
  readonly say: (line: string) => void;
}

// biome-ignore lint/suspicious/noExplicitAny: the tour shows whatever comes back
type Body = any;

/**
 * Walks through the whole API, from registering to deleting, and says each request as `curl` would send it and each
 * answer as it came. What it says of an instance is what happened to a real container.
 */
export async function tour({
  url,
  image,
  repository,
  credential,
  queueJob,
  say,
}: TourOptions): Promise<{ token: string }> {
  let token = '';

  async function ask(method: string, path: string, body?: unknown): Promise<Body> {
    const data = body === undefined ? '' : ` \\\n    --json '${JSON.stringify(body)}'`;
    const auth = token === '' ? '' : ` -H "Authorization: Bearer $TOKEN"`;
    say(`$ curl -s${method === 'GET' || method === 'POST' ? '' : ` -X ${method}`}${auth} ${url}${path}${data}`);
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer: Body = await response.json();
    say(`${response.status === 200 ? '' : `${response.status} `}${JSON.stringify(answer, null, 2)}\n`);
    if (response.status !== 200) throw new Error(`${method} ${path} was answered ${response.status}: ${answer.detail}`);
    return answer;
  }

  /** Asks until the answer is as wished, and says only the last one. */
  async function wait(what: string, path: string, done: (answer: Body) => boolean): Promise<void> {
    say(`# Waiting for ${what} …`);
    for (const end = Date.now() + 60_000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 250))) {
      const response = await fetch(url + path, { headers: { authorization: `Bearer ${token}` } });
      if (done({ status: response.status, body: await response.json() })) return;
    }
    throw new Error(`Waited a minute for ${what}.`);
  }

  say('# Users\n');
  await ask('POST', '/auth/register', { full_name: 'John Doe', email: 'john@example.com', password: 'strongpassword' });
  const login = await ask('POST', '/auth/login', { email: 'john@example.com', password: 'strongpassword' });
  token = login.access_token;
  await ask('POST', '/onboarding', { organization: { name: 'Gigatech', short_name: 'GT', type: 'personal' } });
  await ask('GET', '/common/me');

  say('# Organizations\n');
  await ask('POST', '/org', { name: 'NextTech', short_name: 'NT', type: 'organization' });
  await ask('GET', '/org/NT');
  await ask('GET', '/org');
  await ask('PUT', '/org/NT', { name: 'NextTech Updated' });

  say('# Nodes: a machine somewhere else, and this one\n');
  const far = await ask('POST', '/org/GT/nodes', {
    name: 'Node-02',
    type: 'Remote',
    ip_address: '192.168.1.10',
    port: 22,
  });
  await ask('PUT', `/org/GT/nodes/${far.uid}`, { name: 'Node-02-Updated', status: 'inactive' });
  const node = await ask('POST', '/org/GT/nodes', { name: 'Node-01', type: 'Socket' });
  await wait('this machine to attach itself', `/org/GT/nodes/${node.uid}`, ({ body }) => body.connection === 'online');
  await ask('GET', `/org/GT/nodes/${node.uid}`);
  await ask('DELETE', `/org/GT/nodes/${far.uid}`);
  await ask('GET', '/org/GT/nodes');

  say('# Runners\n');
  const runner = await ask('POST', '/org/GT/runners', {
    name: 'Runner-01',
    docker_image: image,
    github_repo: repository,
    github_runner_token: credential,
  });
  await ask('GET', '/org/GT/runners');
  await ask('GET', `/org/GT/runners/${runner.uid}`);
  await ask('PUT', `/org/GT/runners/${runner.uid}`, { name: 'Runner-01-Updated', github_runner_token: credential });

  say('# Instances: a container, in which the runner listens\n');
  const path = `/org/GT/runners/${runner.uid}/instance`;
  const instance = await ask('POST', path, { node_id: node.uid });
  const one = `${path}/${instance.uid}`;
  await wait('it to be online', one, ({ body }) => body.status === 'online');
  await ask('GET', path);
  await wait('the first sample', `${one}/metrics`, ({ status }) => status === 200);
  await ask('GET', `${one}/metrics`);

  say('# GitHub gives it a job\n');
  const job = queueJob();
  await wait('it to be busy', one, ({ body }) => body.status === 'busy');
  await ask('GET', one);
  job.release();
  await wait('the job to end, and the ephemeral runner with it', one, ({ body }) => body.status === 'stopped');
  await ask('GET', one);
  await wait('its last line', `${one}/logs`, ({ body }) =>
    body.some((line: Body) => line.message.includes('completed with result')),
  );
  await ask('GET', `${one}/logs`);
  await ask('DELETE', one);

  say('# Another one, to play with\n');
  await ask('POST', path, { node_id: node.uid });
  return { token };
}
