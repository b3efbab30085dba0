/** What a line of the log may say besides its message: a closed list, so that nothing gets there by accident. */
export interface LogFields {
  readonly request_id?: string | undefined;
  /** By which the API's own log knows the request, where its caller has named it. */
  readonly api_request_id?: string | undefined;
  readonly operation?: string | undefined;
  readonly status?: number | undefined;
  readonly code?: string | undefined;
  readonly duration_ms?: number | undefined;
  readonly organization?: string | undefined;
  readonly user?: string | undefined;
  readonly node?: string | undefined;
  readonly runner?: string | undefined;
  readonly instance?: string | undefined;
  readonly generation?: number | undefined;
  readonly service?: string | undefined;
  readonly count?: number | undefined;
  readonly reason?: string | undefined;
  readonly error?: unknown;
}

/** How serious a line is. */
export type LogLevel = 'DEBUG' | 'INFO' | 'WARN' | 'ERROR';

/** Writes one JSON object a line. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

const allowed: readonly (keyof LogFields)[] = [
  'request_id',
  'api_request_id',
  'operation',
  'status',
  'code',
  'duration_ms',
  'organization',
  'user',
  'node',
  'runner',
  'instance',
  'generation',
  'service',
  'count',
  'reason',
  'error',
];
const levels: readonly LogLevel[] = ['DEBUG', 'INFO', 'WARN', 'ERROR'];
const longest = 2000;

/** The least level that is written, by its name in whichever case; INFO where there is none of that name. */
export const levelOf = (name: string | undefined): LogLevel =>
  levels.find((level) => level === name?.toUpperCase()) ?? 'INFO';

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;

/** One line without control characters, of a bounded length. */
const plain = (text: string): string => text.slice(0, longest).replace(control, ' ');

function describe(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return plain(String(error));
  const code = 'code' in error && typeof error.code === 'string' ? plain(error.code) : undefined;
  const cause = error.cause === undefined || depth > 3 ? undefined : describe(error.cause, depth + 1);
  const frames = error.stack?.split('\n').filter((line) => line.startsWith('    at '));
  const stack = frames?.slice(0, 12).map((line) => plain(line.trim()));
  return { name: plain(error.name), code, message: plain(error.message), stack, cause };
}

const shown = (key: keyof LogFields, value: unknown): unknown => {
  if (key === 'error') return value === undefined ? undefined : describe(value);
  if (typeof value === 'number' || value === undefined) return value;
  return plain(String(value));
};

/** A log that writes each line by `write`, from `least` on; the default is standard output. */
export function openLog(
  least: LogLevel = 'INFO',
  write: (line: string) => void = (line) => void process.stdout.write(line),
): Log {
  const line =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}) => {
      if (levels.indexOf(level) < levels.indexOf(least)) return;
      const entries = allowed.map((key) => [key, shown(key, fields[key])]);
      const time = new Date().toISOString();
      write(`${JSON.stringify({ time, level, message: plain(message), ...Object.fromEntries(entries) })}\n`);
    };
  return Object.freeze({ debug: line('DEBUG'), info: line('INFO'), warn: line('WARN'), error: line('ERROR') });
}
