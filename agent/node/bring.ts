import type { Desired } from '#contract/agent.ts';
import { isRefused } from '../control/refusal.ts';
import type { Image } from '../engine/replies.ts';
import type { Making } from './container.ts';
import type { Images } from './images.ts';
import type { Owner } from './labels.ts';
import type { Machine } from './machine.ts';
import { refused, type Started } from './outcome.ts';
import type { RunnerRelease } from './runner.ts';

/** An image that is there. */
export async function pull(
  { images }: Machine,
  image: string,
  want: Parameters<Images['ensure']>[1],
): Promise<Image | Started> {
  try {
    const pulled = await images.ensure(image, want);
    return 'code' in pulled ? refused(pulled.code, pulled.detail, pulled.retryable) : pulled;
  } catch (error) {
    if (isRefused(error)) return { kind: 'ungranted', refusal: error.refusal };
    throw error;
  }
}

/** GitHub's runner on this host. */
type Mounted = NonNullable<Making['runner']>;

/** GitHub's runner, if it is to be mounted; undefined if the image has it. */
export async function chooseRunner(
  { probe, runners, architecture }: Machine,
  { runner_source, image }: Desired,
  { Id }: Image,
  release: RunnerRelease | null,
  owner: Owner,
): Promise<Mounted | Started | undefined> {
  if (runner_source === 'image') return undefined;
  if (runner_source === 'auto' && (await probe(Id, owner))) return undefined;
  if (release === null) {
    const detail = `${image} does not bring GitHub's runner, and it is not known yet where to get it.`;
    return refused('runner_unavailable', detail, true);
  }
  try {
    return { ...(await runners.ensure(release, architecture())), caPath: await runners.certificates() };
  } catch (error) {
    return refused('runner_unavailable', error instanceof Error ? error.message : `${error}`, true);
  }
}
