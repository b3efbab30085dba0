import type { Engine } from '../engine/engine.ts';
import type { Docker } from './docker.ts';
import type { Images } from './images.ts';
import type { Inputs } from './input.ts';
import type { Networks } from './network.ts';
import type { Probe } from './probe.ts';
import type { Runners } from './runner.ts';

/** What starting takes: the machine's, shared by all its nodes. */
export interface Machine {
  readonly engine: Engine;
  readonly images: Images;
  readonly docker: Docker;
  readonly networks: Networks;
  readonly inputs: Inputs;
  readonly probe: Probe;
  readonly runners: Runners;
  readonly bootId: string;
  readonly entryPath: string;
  readonly architecture: () => string;
  readonly hasInit: () => boolean;
}
