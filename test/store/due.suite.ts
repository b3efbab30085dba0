import { v7 } from 'uuid';
import { expect, it } from 'vitest';
import { aScope, type Suite } from './world.ts';

/** What must hold of due rows, comparisons with GitHub, events and data keys on every engine. */
export const due: Suite = (world) => {
  const hash = () => v7().replaceAll('-', '');

  it('lists what is due, oldest first, and as many as are asked for', async () => {
    const { table } = world();
    const [late, later, latest] = [hash(), hash(), hash()];
    await table.github.plan({ hash: latest, org: 'o', runner: 'r', due: 30 });
    await table.github.plan({ hash: late, org: 'o', runner: 'r', due: 10 });
    await table.github.plan({ hash: later, org: 'o', runner: 'r', due: 20 });

    const all = await table.due.list(25);
    const first = await table.due.list(25, 1);

    expect(all).toEqual([
      { kind: 'github', hash: late, due: 10, scope: undefined },
      { kind: 'github', hash: later, due: 20, scope: undefined },
    ]);
    expect(first).toHaveLength(1);
    for (const one of [late, later, latest]) await table.github.remove(one);
    expect(await table.due.list(30)).toEqual([]);
  });

  it('postpones a row once: whoever saw the old time second is late', async () => {
    const { table } = world();
    const subject = { kind: 'github', hash: hash() } as const;
    await table.github.plan({ hash: subject.hash, org: 'o', runner: 'r', due: 10 });

    expect(await table.due.postpone(subject, 10, 50)).toBe(true);
    expect(await table.due.postpone(subject, 10, 60)).toBe(false);
    expect((await table.github.find(subject.hash))?.due).toBe(50);
    expect(await table.due.postpone({ kind: 'github', hash: hash() }, 10, 50)).toBe(false);
    await table.github.remove(subject.hash);
  });

  it('plans a comparison once, keeps what it has seen, and takes the newest credential', async () => {
    const { table } = world();
    const one = hash();
    await table.github.plan({ hash: one, org: 'o', runner: 'r1', due: 10 });
    await table.github.save({ hash: one, org: 'o', runner: 'r1', due: 20, strays: { 'rp-1': 5 } });

    await table.github.plan({ hash: one, org: 'o', runner: 'r2', due: 99 });

    expect(await table.github.find(one)).toEqual({ hash: one, org: 'o', runner: 'r2', due: 20, strays: { 'rp-1': 5 } });
    expect(await table.due.list(20)).toMatchObject([{ kind: 'github', hash: one, due: 20 }]);
    await table.github.remove(one);
  });

  it('keeps events of a subject for thirty days, oldest first', async () => {
    const { table, clock } = world();
    const scope = aScope('some-org');
    const subject = v7();
    await table.events.record(scope, [{ subject, code: 'first', detail: 'One.', data: { count: 1 } }]);
    await table.events.record(scope, [{ subject, code: 'second', detail: 'Two.', at: 7 }]);

    const { items } = await table.events.list(scope, subject);

    expect(items.map(({ code, at, data }) => [code, at, data])).toEqual([
      ['second', 7, undefined],
      ['first', clock.now, { count: 1 }],
    ]);
    const page = await table.events.list(scope, subject, { limit: 1 });
    expect((await table.events.list(scope, subject, { cursor: page.cursor })).items).toEqual(items.slice(1));
    clock.now += 31 * 24 * 3600 * 1000;
    expect((await table.events.list(scope, subject)).items).toEqual([]);
  });

  it('keeps the first data key of an organization, whoever else has made one', async () => {
    const { table } = world();
    const scope = aScope(`org-${hash()}`);

    expect(await table.dataKeys.find(scope)).toBeUndefined();
    const made = await Promise.all(Array.from({ length: 10 }, (_, index) => table.dataKeys.create(scope, `${index}`)));

    expect(new Set(made).size).toBe(1);
    expect(await table.dataKeys.find(scope)).toBe(made[0]);
  });
};
