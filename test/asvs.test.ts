import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const statuses = ['met', 'not applicable', 'not shown', 'not met'];

interface Row {
  readonly id: string;
  readonly level: string;
  readonly requirement: string;
  readonly status: string;
  readonly where: readonly string[];
  readonly note: string;
}

// RFC 4180: a field in quotes has its own quotes doubled. None of ours spans lines.
const fieldsOf = (line: string): string[] =>
  [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g)].map(([, quoted, plain]) =>
    quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'),
  );

// A name may have a semicolon of its own: another reference begins with a path.
const anotherPath = /; (?=[\w.-]+[/.]\w)/;

const [header = '', ...lines] = readFileSync('docs/asvs.csv', 'utf8').trimEnd().split('\n');
const rows = lines.map((line): Row => {
  const [id = '', level = '', requirement = '', status = '', where = '', note = ''] = fieldsOf(line);
  return { id, level, requirement, status, where: where === '' ? [] : where.split(anotherPath), note };
});

/** Whether a source has a test of a name: the first argument of a call, if not of one to `describe`. */
const isTested = (source: string, name: string): boolean =>
  ["'", '"', '`']
    .flatMap((quote) => source.split(`${quote}${name}${quote},`).slice(0, -1))
    .some((before) => /(?<!describe)\(\s*$/.test(before));

/** What is wrong with a reference: `path`, or `path: name of a test`. */
function wrongWith(reference: string): string | undefined {
  const colon = reference.indexOf(': ');
  const path = colon < 0 ? reference : reference.slice(0, colon);
  if (!existsSync(path)) return `there is no ${path}`;
  if (colon < 0) return path.startsWith('test/') ? `no test is named: ${path}` : undefined;
  const titled = isTested(readFileSync(path, 'utf8'), reference.slice(colon + 2));
  return titled ? undefined : `there is no such test: ${reference}`;
}

describe('docs/asvs.csv', () => {
  test('has each requirement of levels 1 and 2 once, in order', () => {
    const inOrder = rows.map(({ id }) => id).toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }));

    expect(header).toBe('id,level,requirement,status,where,note');
    expect(rows.map(({ id }) => id)).toEqual(inOrder);
    expect(new Set(inOrder).size).toBe(rows.length);
    // So many does ASVS 5.0.0 have of each.
    expect(rows.filter(({ level }) => level === '1')).toHaveLength(70);
    expect(rows.filter(({ level }) => level === '2')).toHaveLength(183);
    expect(rows).toHaveLength(253);
  });

  test('says of each what it is about, a status that there is, and why it is not met', () => {
    for (const { id, requirement, status, where, note } of rows) {
      expect([id, requirement !== '', statuses.includes(status)]).toEqual([id, true, true]);
      expect([id, status === 'met' ? where.length > 0 : note !== '']).toEqual([id, true]);
    }
  });

  test('names files that exist, and tests that are in them', () => {
    const wrongs = rows.flatMap(({ id, where }) =>
      where.flatMap((reference) => {
        const wrong = wrongWith(reference);
        return wrong === undefined ? [] : [`${id}: ${wrong}`];
      }),
    );

    expect(wrongs).toEqual([]);
  });

  test('would be told of a file or a test that is gone', () => {
    expect(wrongWith('shared/no-such.ts')).toBe('there is no shared/no-such.ts');
    expect(wrongWith('test/runtime/log.test.ts: is silent')).toContain('there is no such test');
    expect(wrongWith('test/runtime/log.test.ts: the log')).toContain('there is no such test');
    expect(wrongWith('test/runtime/log.test.ts')).toContain('no test is named');
  });
});
