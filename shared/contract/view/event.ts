import { timestamp } from './time.ts';

/** What is shown of an event. */
export interface ShownEvent {
  readonly at: number;
  readonly code: string;
  readonly detail: string;
  readonly by?: string | undefined;
  readonly data?: Readonly<Record<string, string | number>> | undefined;
}

/** An event, as the API shows it. */
export const showEvent = ({ at, code, detail, by = undefined, data = {} }: ShownEvent) => ({
  timestamp: timestamp(at),
  code,
  detail,
  by: by ?? null,
  data,
});
