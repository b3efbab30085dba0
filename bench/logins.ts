import { caller } from '#test/journeys/http.ts';
import { floodOfLogins } from '#test/journeys/login-flood.ts';
import { compare, type Measured } from './report.ts';
import type { Stage } from './stage.ts';
import { median, percentile } from './statistics.ts';

/** What others wait while a thousand log in at once. The logins come from this process too, on the same processors. */
export async function logins({ mode, tenant }: Stage): Promise<Measured> {
  const api = caller(mode.url, tenant.token);
  const paths = ['/org/GT', '/org/GT/nodes', `/org/GT/nodes/${tenant.node}`];
  const found = await floodOfLogins(mode.url, {
    count: 1000,
    known: [],
    others: paths.map((path) => async () => (await api('GET', path)).status),
  });
  const refused = found.others.filter(({ status }) => status !== 200);
  if (refused.length > 0) throw new Error(`${refused.length} other requests were refused.`);
  const took = found.others.map(({ tookMs }) => tookMs);
  const checked = found.logins.filter(({ status }) => status === 401).length;
  return compare('flood', 'reads while 1,000 log in at once, p99', percentile(took, 0.99), {
    target: { atMost: 250 },
    unit: ' ms',
    digits: 0,
    figures: `${took.length} reads, p50 ${median(took).toFixed(0)} ms; ${checked} passwords checked, all other logins refused`,
  });
}
