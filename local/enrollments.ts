import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { readIfThere, writePrivateFile } from './aws/disk.ts';

const Enrollment = z.object({ command: z.string() });
const Replies = {
  'nodes.create': z.object({ uid: z.string(), type: z.string(), enrollment: Enrollment }),
  'nodes.enrollment': z
    .object({ node: z.object({ uid: z.string(), type: z.string() }), enrollment: Enrollment })
    .transform(({ node, enrollment }) => ({ ...node, enrollment })),
};
const Kept = z.object({ uid: z.string(), code: z.string() });

/** What {@link openEnrollments} needs. */
export interface EnrollmentsOptions {
  /** Codes are kept here until the agent has used them. */
  readonly folder: string;
  /**
   * Hands a code to the agent. 'done': it was used, or never can be; 'later': nobody is to be reached at the moment.
   */
  readonly enroll: (code: string) => Promise<'done' | 'later'>;
  readonly onError: (what: string, error: unknown) => void;
  readonly retryMs?: number;
}

/** What the gateway does for nodes of type `Socket`, this machine: they enroll by themselves. */
export interface Enrollments {
  /** Keeps the code of an answer, if there is one in it; undefined for all others. */
  keep(operationId: string, result: unknown): Promise<void> | undefined;
  /** Tries everything that is kept, at once and then again until nothing is. */
  retry(): void;
  close(): Promise<void>;
}

/** The code is on the disk before anybody is told of the node; the agent gets it then, or later, or after a restart. */
export function openEnrollments({ folder, enroll, onError, retryMs = 1_000 }: EnrollmentsOptions): Enrollments {
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let handing: Promise<void> | undefined;
  mkdirSync(folder, { recursive: true, mode: 0o700 });

  const kept = () => readdirSync(folder).filter((name) => name.endsWith('.json'));

  async function handOver(): Promise<void> {
    for (const name of kept()) {
      const path = join(folder, name);
      const text = readIfThere(path);
      const entry = text === undefined ? undefined : Kept.safeParse(parse(text)).data;
      try {
        if (entry && (await enroll(entry.code)) === 'later') continue;
        // A newer code may have come meanwhile.
        if (readIfThere(path) === text) rmSync(path, { force: true });
      } catch (error) {
        onError(`Node ${entry?.uid} could not be enrolled`, error);
      }
    }
  }

  function retry(): void {
    if (closed || handing) return;
    clearTimeout(timer);
    handing = handOver()
      .catch((error: unknown) => onError('The kept enrollments could not be read', error))
      .then(() => {
        handing = undefined;
        if (!closed && kept().length > 0) timer = setTimeout(retry, retryMs);
      });
  }

  return {
    keep(operationId, result) {
      if (operationId !== 'nodes.create' && operationId !== 'nodes.enrollment') return undefined;
      const reply = Replies[operationId].safeParse(bodyOf(result)).data;
      if (reply?.type !== 'Socket') return undefined;
      const code = /--code '?([^'\s]+)/.exec(reply.enrollment.command)?.[1];
      if (code === undefined) return Promise.reject(new Error(`No code in "${reply.enrollment.command}".`));
      writePrivateFile(join(folder, `${reply.uid}.json`), JSON.stringify({ uid: reply.uid, code }));
      retry();
      return undefined;
    },
    retry,
    async close() {
      closed = true;
      clearTimeout(timer);
      await handing;
    },
  };
}

function bodyOf(result: unknown): unknown {
  const answer = z.object({ statusCode: z.literal(200), body: z.string() }).safeParse(result).data;
  return answer && parse(answer.body);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
