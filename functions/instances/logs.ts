import { contract } from '#contract/operations.ts';
import { timestamp } from '#contract/view/time.ts';
import { readLogCursor, writeLogCursor } from '#domain/log-cursor.ts';
import { answer } from '#lambda/answer.ts';
import { serve } from '#lambda/serve.ts';
import { journal } from '#runtime/services/journal.ts';
import { shownInstance } from '#runtime/services/shown-instance.ts';
import { throttles } from '#runtime/services/throttles.ts';

const defaultLimit = 100;

export const handler = serve(
  contract.instances.logs,
  { shownInstance, journal, throttles },
  async ({ scope, params, query }, { shownInstance, journal, throttles }) => {
    const place = query.cursor === undefined ? {} : readLogCursor(query.cursor, params.instance_id);
    const row = await shownInstance.getRow(scope, params.runner_id, params.instance_id, { deleted: true });
    await throttles.require('journal', row.org);
    const { lines, older, newer } = await journal.lines(row.org, row.uid, {
      ...place,
      limit: query.limit ?? defaultLimit,
      since: query.since === undefined ? undefined : Date.parse(query.since),
      until: query.until === undefined ? undefined : Date.parse(query.until),
      level: query.level,
    });
    return answer(
      lines.map(({ at, level, message, seq }) => ({ timestamp: timestamp(at), level, message, seq })),
      {
        previous: older && writeLogCursor({ before: older }, row.uid),
        next: newer && writeLogCursor({ after: newer }, row.uid),
      },
    );
  },
);
