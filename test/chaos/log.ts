import type { Caller } from '#test/journeys/http.ts';

/** A line of a log, as the API gives it. */
export interface LogLine {
  readonly seq: number;
  readonly message: string;
}

/** Every line of an instance's log, oldest first. */
export async function wholeLog(api: Caller, url: string, instance: string): Promise<LogLine[]> {
  const pages: LogLine[][] = [];
  let next: string | undefined = `${instance}/logs?limit=1000`;
  while (next !== undefined) {
    const answer: Awaited<ReturnType<Caller>> = await api('GET', next);
    if (answer.status !== 200) throw new Error(`${next} answered ${answer.status}`);
    pages.push(answer.body);
    const older: string | undefined = /<([^>]+)>; rel="prev"/.exec(answer.headers.get('link') ?? '')?.[1];
    next = older && new URL(older, url).href.slice(url.length);
  }
  return pages.reverse().flat();
}

/** What a job prints: its name and a number, over some seconds. */
export const printing = (name: string, lines: number): string =>
  `at=0; while [ $at -lt ${lines} ]; do seq $((at + 1)) $((at + 50)) | sed 's/^/${name} line /'; at=$((at + 50)); sleep 0.05; done`;

/** What is wrong with the lines of a job: those that are missing must be told of by a line of the log itself. */
export function wrongLines(
  log: readonly LogLine[],
  name: string,
  { lines, whole, gaps }: { readonly lines: number; readonly whole: boolean; readonly gaps: boolean },
): string[] {
  const pattern = new RegExp(`^${name} line (\\d+)$`);
  const numbers = log.flatMap(({ message }) => pattern.exec(message)?.[1] ?? []).map(Number);
  const told = log.some(({ message }) => /were left out|may be missing/.test(message));
  const missing = numbers.findIndex((number, index) => number !== index + 1);
  const seqs = log.map(({ seq }) => seq);
  return [
    ...numbers
      .filter((number, index) => index > 0 && number <= (numbers[index - 1] ?? 0))
      .map((number) => `line ${number} of ${name} comes late, or twice`),
    ...(new Set(seqs).size === seqs.length ? [] : [`the log of ${name} has a number twice`]),
    ...(missing === -1 || gaps || told ? [] : [`line ${missing + 1} of ${name} is missing, and nothing says so`]),
    ...(!whole || numbers.length === lines || gaps || told
      ? []
      : [`${name} printed ${lines} lines, ${numbers.length} have come, and nothing says why`]),
  ];
}
