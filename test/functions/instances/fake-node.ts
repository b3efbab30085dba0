import type { Observation } from '#contract/agent.ts';
import { type Client, client } from '#contract/client.ts';
import { facts } from '#test/node-facts.ts';

type Told = Extract<Awaited<ReturnType<Client['agent']['sync']>>, { ok: true }>['body'];

/** A node that says what it is told to say: an agent without a machine. */
export interface FakeNode {
  readonly uid: string;
  readonly token: string;
  readonly bootId: string;
  readonly api: Client;
  /** Syncs, and gives the answer; fails if there is none. */
  sync(
    observed?: readonly Observation[],
    options?: { readonly bell?: string; readonly boot_id?: string },
  ): Promise<Told>;
  /** What it is told of an instance. */
  toldOf(uid: string): Promise<Told['desired'][number] | undefined>;
  claim(uid: string, generation: number): ReturnType<Client['agent']['claim']>;
  /** A report, numbered after the one before. */
  seen(uid: string, generation: number, state: Observation['state'], more?: Partial<Observation>): Observation;
  /** Does what an agent does until the runner listens. */
  start(uid: string): Promise<number>;
}

/** Enrolls a node by the line that its creation has answered. */
export async function enrollNode(url: string, command: string, now: () => number): Promise<FakeNode> {
  const code = /--code (\S+)/.exec(command)?.[1] ?? '';
  const bootId = crypto.randomUUID();
  const enrolled = await client({ url }).agent.enroll({ body: { code, boot_id: bootId, facts, bell: 'none' } });
  if (!enrolled.ok) throw new Error(enrolled.problem.detail);
  const { node, token } = enrolled.body;
  const api = client({ url, token });
  let seq = 0;

  const sync: FakeNode['sync'] = async (observed = [], { bell, boot_id = bootId } = {}) => {
    const body = { boot_id, agent_version: '0.1.0', observed: [...observed], ...(bell && { bell }) };
    const told = await api.agent.sync({ body });
    if (!told.ok) throw new Error(`${told.problem.code}: ${told.problem.detail}`);
    return told.body;
  };
  const seen: FakeNode['seen'] = (uid, generation, state, more = {}) => {
    seq = Math.max(seq + 1, now());
    return { uid, generation, seq, state, at: now(), ...more };
  };
  const toldOf: FakeNode['toldOf'] = async (uid) => (await sync()).desired.find((one) => one.uid === uid);
  const claim: FakeNode['claim'] = (uid, generation) =>
    api.agent.claim({ params: { instance_id: uid }, body: { generation, boot_id: bootId } });

  return {
    uid: node.uid,
    token,
    bootId,
    api,
    sync,
    seen,
    toldOf,
    claim,
    async start(uid) {
      const told = await toldOf(uid);
      if (told?.want !== 'run') throw new Error(`The node is not told to run ${uid}.`);
      const claimed = await claim(uid, told.generation);
      if (!claimed.ok) throw new Error(`${claimed.problem.code}: ${claimed.problem.detail}`);
      await sync([seen(uid, told.generation, 'running')]);
      await sync([seen(uid, told.generation, 'listening')]);
      return told.generation;
    },
  };
}
