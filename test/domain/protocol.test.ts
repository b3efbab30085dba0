import { describe, expect, it } from 'vitest';
import { explore } from './protocol/explore.ts';
import { world } from './protocol/world.ts';

// Every interleaving of one instance's life, over the decisions that the product itself makes. The adversary: the agent
// is killed at any step; a call that it had made to the engine lands later all the same; the node loses power; a sync's
// reports are lost, repeated, delayed and reordered without bound, and their sequence numbers are anything; GitHub
// answers anything; the customer deletes at any moment; the sweep finds any deadline passed at any moment.
const sound = { broken: undefined, stuck: { 'can be ended': 0, 'can run while it is wanted': 0 } };

describe('the instance protocol', () => {
  it('starts nothing twice, loses nothing and is never stuck', () => {
    const found = explore(world());

    expect(found).toMatchObject(sound);
    expect(found.states).toBeGreaterThan(5000);
  });

  it('bears an operator who removes a container that runs', () => {
    const found = explore(world({ operator: 'while it runs' }));

    expect(found).toMatchObject(sound);
  });

  it('leaves nothing behind after force on an unreachable node, once that is back', () => {
    const found = explore(world({ force: true }, 'final, and yet it runs'));

    expect(found).toMatchObject(sound);
  });

  it('starts again what lasts, once after each reboot', () => {
    const found = explore(world({ persistent: true, fromRunning: true }));

    expect(found).toMatchObject(sound);
    expect(found.states).toBeGreaterThan(20_000);
  }, 120_000);

  // These take minutes: the whole run searches them.
  it.runIf(process.env.RUNNER_PILOT_TEST_ALL === '1').each([
    ['from its request on', {}],
    ['after two reboots', { reboots: 2, fromRunning: true }],
    ['with an agent that loses its memory', { reboots: 2, fromRunning: true, losses: 1 }],
    ['with an operator who removes the container', { operator: 'while it runs' }],
  ] as const)(
    'starts again what lasts, %s',
    (_, change) => {
      expect(explore(world({ ...change, persistent: true }))).toMatchObject(sound);
    },
    900_000,
  );
});

describe('the instance protocol breaks', () => {
  it.each([
    ['if reports count whatever is wanted meanwhile', { fence: false }],
    ['if a deletion finishes before the node has confirmed it', { confirmedRemoval: false }],
    ['with containers that remove themselves', { keepContainer: false }],
    ['with an agent that starts again what has exited', { startOnlyCreated: false }],
    ["if containers are started by name instead of by the engine's id", { startById: false }],
    ['with two agents on one machine', { oneAgent: false }],
    ['if force does not wait for the node', { force: true }],
    ['if a container does not remember in which boot it ran', { persistent: true, boot: false }],
    ['if a reboot is not another intent', { persistent: true, fromRunning: true, anotherIntent: false }],
    ['if an operator removes a container between its start and its first report', { operator: 'any time' }],
  ] as const)('%s', (_, change) => {
    const found = explore(world(change));

    expect(found.broken).toBeDefined();
    expect(found.trace.length).toBeGreaterThan(3);
  });
});
