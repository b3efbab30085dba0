import type { Engine } from '../engine/engine.ts';
import { isEngineFailure } from '../engine/failure.ts';

/** A block of IPv4 addresses: its first and its last, as numbers. */
interface Block {
  readonly first: number;
  readonly last: number;
}

/** Addresses of each container's network: 16, of which the engine takes three. */
const subnetSize = 16;

/** Reads `10.213.0.0/16`; undefined for what is no block of IPv4 addresses. */
export function parseBlock(text: string): Block | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  if (match === null) return undefined;
  const [a = 0, b = 0, c = 0, d = 0, bits = 0] = match.slice(1).map(Number);
  if ([a, b, c, d].some((part) => part > 255) || bits > 32) return undefined;
  const size = 2 ** (32 - bits);
  const address = a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d;
  const first = address - (address % size);
  return { first, last: first + size - 1 };
}

const show = (address: number) => [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');

/** The subnets of a range that none of the taken ones touches, from a place on that differs from call to call. */
export function* freeSubnets(range: Block, taken: readonly Block[], from: number): Generator<string> {
  const count = Math.floor((range.last - range.first + 1) / subnetSize);
  for (let i = 0; i < count; i++) {
    const first = range.first + ((from + i) % count) * subnetSize;
    const last = first + subnetSize - 1;
    if (!taken.some((block) => block.first <= last && first <= block.last)) yield `${show(first)}/28`;
  }
}

/** Gives each container a network of its own, from a range of our own: the engine's default pools hold about 30. */
export function createNetworks(engine: Engine, rangeText: string) {
  const range = parseBlock(rangeText);
  if (range === undefined || range.last - range.first + 1 < subnetSize) {
    throw new Error(`RUNNER_PILOT_NETWORK_RANGE is "${rangeText}"; it must be a range such as 10.213.0.0/16.`);
  }
  // Of those being made at this moment, which the engine doesn't list yet.
  let next = Math.floor(Math.random() * 4096);

  return {
    /** Makes the network, unless it is there. */
    async ensure(name: string, labels: Readonly<Record<string, string>>): Promise<void> {
      const networks = await engine.listNetworks();
      if (networks.some((network) => network.Name === name)) return;
      const taken = networks
        .flatMap(({ IPAM }) => IPAM?.Config ?? [])
        .flatMap(({ Subnet }) => parseBlock(Subnet ?? '') ?? []);
      for (const subnet of freeSubnets(range, taken, next++)) {
        try {
          return await engine.createNetwork(name, subnet, labels);
        } catch (error) {
          if (isEngineFailure(error, 409)) return;
          // Somebody else has just taken it, or a route of the machine overlaps: the next one.
          if (!isEngineFailure(error) || !/overlap|conflict/i.test(error.message)) throw error;
        }
      }
      throw new Error(`${rangeText} has no free network left. Set RUNNER_PILOT_NETWORK_RANGE to a larger one.`);
    },

    remove: (name: string): Promise<void> => engine.removeNetwork(name),
  };
}

/** Makes and removes the containers' networks. */
export type Networks = ReturnType<typeof createNetworks>;
