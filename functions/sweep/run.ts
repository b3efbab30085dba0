import { inTurn } from '#domain/fair.ts';
import { scheduled } from '#lambda/scheduled.ts';
import { registrations } from '#runtime/services/registrations.ts';
import { sweep } from '#runtime/services/sweep.ts';

export const handler = scheduled({ sweep, registrations }, async ({ now, requestId, leftMs }, given) => {
  const { sweep, registrations } = given;
  await registrations.countHourly(now);
  const due = await sweep.list(now);
  if (due.length === 0) return;
  await sweep.exclusively(requestId, async () => {
    const all = inTurn(due, (one) => ('org' in one ? one.org : one.hash));
    for (let at = 0; at < all.length && leftMs() > sweep.spareMs; at += sweep.chunk) {
      await sweep.look(all.slice(at, at + sweep.chunk));
    }
  });
});
