import type { Engine } from '../engine/engine.ts';
import { label, type Owner, ownerLabels } from './labels.ts';

/** Where images that bring GitHub's runner have it: ghcr.io/actions/actions-runner, and myoung34/github-runner. */
const places = ['/home/runner/run.sh', '/actions-runner/run.sh'];

/**
 * Tells whether an image brings GitHub's runner: by a container that is made, looked into and removed, and never started.
 * The answer is kept per image id.
 */
export function createProbe(engine: Engine) {
  const known = new Map<string, Promise<boolean>>();

  const look = async (imageId: string, owner: Owner): Promise<boolean> => {
    const spec = {
      Image: imageId,
      Entrypoint: ['/bin/sh'],
      Labels: { ...ownerLabels(owner), [label.probe]: 'true' },
      HostConfig: { NetworkMode: 'none' },
    };
    const name = `rp-probe-${imageId.replace(/^sha256:/, '').slice(0, 12)}-${Date.now().toString(36)}`;
    const id = await engine.createContainer(name, spec);
    try {
      for (const place of places) if (await engine.hasFile(id, place)) return true;
      return false;
    } finally {
      await engine.removeContainer(id, true);
    }
  };

  return (imageId: string, owner: Owner): Promise<boolean> => {
    const shared = known.get(imageId) ?? look(imageId, owner);
    known.set(imageId, shared);
    shared.catch(() => known.delete(imageId));
    return shared;
  };
}

/** Tells whether an image brings GitHub's runner. */
export type Probe = ReturnType<typeof createProbe>;
