import { describe, expect, it } from 'vitest';
import { accept } from '#domain/instance/accept.ts';
import { doom, fail, finish } from '#domain/instance/change.ts';
import type { Instance } from '#domain/instance.ts';
import { newsForRunner } from '#domain/replacement/news.ts';
import { at, claimed, minutes, row, running, seconds, seen, start } from '../instance/rows.ts';

const kept = { kept: true };
const why = { code: 'image_not_found', detail: 'There is no such image.' };
const exited = (of: Instance, afterMs: number): Instance =>
  accept(of, seen(of, 'exited', { at: start + afterMs }), at(start + afterMs));
const busy = (of: Instance): Instance => accept(of, seen(of, 'busy', { job: 'build' }), at(start + seconds));
const news = (before: Instance, after: Instance) => newsForRunner(before, after, start + minutes);

describe('what a runner is told by a change of its instances', () => {
  it('is nothing, where it keeps none, or where nothing ends', () => {
    expect(news(row(), fail(row(), start, why, undefined))).toEqual({ alive: 0, wakes: false, set: {} });
    const of = running(kept);
    expect(news(of, busy(of))).toEqual({ alive: 0, wakes: false, set: {} });
  });

  it('is that one is counted from now on', () => {
    expect(news(row(), row(kept))).toEqual({ alive: 1, wakes: false, set: {} });
  });

  it.each([
    ['came to nothing', row(kept), fail(row(kept), start + seconds, why, undefined)],
    ['listened for a few seconds', running(kept), exited(running(kept), 5 * seconds)],
  ])('is that one has failed which %s', (_, before, after) => {
    const { code, detail } = after.reason ?? {};
    const failed = { node: 'node-1', created_at: start, at: start + minutes, code, detail };
    expect(news(before, after)).toEqual({ alive: -1, wakes: true, set: { failed } });
  });

  it.each([
    ['did a job', busy(running(kept)), exited(busy(running(kept)), 5 * seconds)],
    ['listened for a minute', running(kept), exited(running(kept), minutes)],
    ['somebody deletes', row(kept), doom(row(kept), start + seconds, 10, 'john')],
    [
      'has lived for long enough',
      running(kept),
      fail(running(kept), start + seconds, { code: 'lifetime_reached', detail: '' }, undefined),
    ],
    [
      'its node lost with its job, being drained',
      running(kept),
      fail(running(kept), start + minutes, { code: 'drained', detail: '' }, undefined),
    ],
  ])('is no failure of one that %s', (how, before, after) => {
    const set = how === 'somebody deletes' ? {} : { useful_at: start + minutes };
    expect(news(before, after)).toEqual({ alive: -1, wakes: true, set });
  });

  it('is once more, when its node has removed it, for that makes room', () => {
    const ended = exited(running(kept), minutes);
    expect(news(ended, finish(ended, start + minutes))).toEqual({ alive: 0, wakes: true, set: {} });
  });

  it('is whether the one after a failure listens, and that it ends only where it never did', () => {
    const probe = claimed({ ...kept, probe: true });
    const listens = accept(probe, seen(probe, 'listening'), at(start + seconds));
    expect(news(probe, listens)).toEqual({
      alive: 0,
      wakes: true,
      set: { probe_listened_at: start + minutes, probe: undefined },
    });
    expect(news(probe, doom(probe, start + seconds, 10))).toMatchObject({ wakes: true, set: { probe: undefined } });
    expect(news(listens, exited(listens, minutes + seconds)).set).not.toHaveProperty('probe');
  });

  it('keeps small what every creation touches', () => {
    const long = fail(row(kept), start, { ...why, detail: 'x'.repeat(1024) }, undefined);
    expect(news(row(kept), long).set.failed?.detail).toHaveLength(300);
  });
});
