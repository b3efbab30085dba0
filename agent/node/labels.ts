/** The labels of everything that the agent makes with the engine: they are its memory, and survive it. */
export const label = {
  deployment: 'runner-pilot.deployment',
  organization: 'runner-pilot.organization',
  node: 'runner-pilot.node',
  instance: 'runner-pilot.instance',
  generation: 'runner-pilot.generation',
  /** The machine's boot in which the container was made. */
  boot: 'runner-pilot.boot',
  /** On a container that is started again after a reboot: its runner has a registration that lasts. */
  persistent: 'runner-pilot.persistent',
  /** The version of GitHub's runner that is mounted; absent where the image has its own. */
  runner: 'runner-pilot.runner',
  /** What its jobs have of Docker; absent where they have nothing of it. */
  docker: 'runner-pilot.docker',
  /** On a container that serves another one of the same instance: `docker`, its daemon. */
  role: 'runner-pilot.role',
  /** On a container that is only looked into, and never started. */
  probe: 'runner-pilot.probe',
} as const;

/** Whose a container is. */
export interface Owner {
  readonly deployment: string;
  readonly organization: string;
  readonly node: string;
}

/** The labels of a node's things. */
export const ownerLabels = ({ deployment, organization, node }: Owner): Record<string, string> => ({
  [label.deployment]: deployment,
  [label.organization]: organization,
  [label.node]: node,
});
