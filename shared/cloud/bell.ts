import { setTimeout as sleep } from 'node:timers/promises';
import { SendCommandCommand, type SSMClient } from '@aws-sdk/client-ssm';

/** Why some machines were not rung, for the log; nothing follows from it. */
export type OnUnrung = (count: number, error: unknown) => void;

/** How nodes are rung. */
export interface RingOptions {
  /** How often a command is sent, a second apart, that SSM has no room for. @default 1: nobody who asks waits for a bell */
  readonly tries?: number;
}

/** Rings nodes: tells their agents to look, and nothing else. */
export interface Bell {
  /** Rings managed instances, and gives those that were: a bell that is lost costs the time to the next sync. */
  ring(ids: readonly (string | undefined)[], options?: RingOptions): Promise<ReadonlySet<string>>;
}

// "Commands … with a maximum of 50 managed nodes"; TimeoutSeconds is at least 30.
const idsPerCommand = 50;
const timeoutSeconds = 30;
/** AWS publishes no rate for SendCommand. */
const betweenTriesMs = 1000;
// What a node says of itself goes no further unless it is an id: of a registered machine, or of an EC2 instance.
const id = /^m?i-[0-9a-f]{8,20}$/;

const isThrottled = (error: unknown): boolean => error instanceof Error && error.name === 'ThrottlingException';
const isRefusedForOne = (error: unknown): boolean => error instanceof Error && error.name === 'InvalidInstanceId';

/** A bell of SSM Run Command: our document, no parameters, so that nothing a user typed comes near a shell. */
export function openBell(client: SSMClient, documentName: string, onUnrung: OnUnrung): Bell {
  async function send(ids: readonly string[], tries: number): Promise<readonly string[]> {
    if (ids.length === 0) return [];
    try {
      await client.send(
        new SendCommandCommand({ DocumentName: documentName, InstanceIds: [...ids], TimeoutSeconds: timeoutSeconds }),
      );
      return ids;
    } catch (error) {
      if (isThrottled(error) && tries > 1) {
        await sleep(betweenTriesMs);
        return send(ids, tries - 1);
      }
      // One unknown id refuses the whole call: the others are found by halving.
      if (!isRefusedForOne(error) || ids.length === 1) {
        onUnrung(ids.length, error);
        return [];
      }
      const half = Math.ceil(ids.length / 2);
      return [...(await send(ids.slice(0, half), tries)), ...(await send(ids.slice(half), tries))];
    }
  }

  return {
    async ring(given, { tries = 1 } = {}) {
      const ids = [...new Set(given)].filter((one): one is string => one !== undefined && id.test(one));
      const rung = new Set<string>();
      for (let at = 0; at < ids.length; at += idsPerCommand) {
        for (const one of await send(ids.slice(at, at + idsPerCommand), tries)) rung.add(one);
      }
      return rung;
    },
  };
}
