import * as z from 'zod';
import { watchBudget } from '#github/budget.ts';
import { type GithubClient, githubClient } from '#github/client.ts';
import { boundedFetch } from '#github/http.ts';
import { service } from '../service.ts';
import { metrics } from './metrics.ts';

const address = (fallback: string) =>
  z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).default(fallback);

/** GitHub's REST API, and the address under which people and runners know GitHub. */
export interface Github {
  readonly api: GithubClient;
  /** What `config.sh --url` takes. */
  urlOf(githubRepo: string): string;
}

const dotCom = 'https://api.github.com';

/** GitHub, or an Enterprise Server (`https://HOST/api/v3`), which has no releases of the runner itself. */
export const github = service({
  id: 'github',
  config: z.object({
    RUNNER_PILOT_GITHUB_API_URL: address(dotCom),
    RUNNER_PILOT_GITHUB_URL: address('https://github.com'),
  }),
  uses: [metrics],
  open: (config, { use, clock }): Github => {
    const { RUNNER_PILOT_GITHUB_API_URL: apiUrl, RUNNER_PILOT_GITHUB_URL: url } = config;
    const releaseApiUrl = apiUrl.replace(/\/+$/, '').endsWith('/api/v3') ? dotCom : apiUrl;
    const fetch = watchBudget(boundedFetch(), (percent) => use(metrics).record('github_budget_left', percent));
    return {
      api: githubClient({ apiUrl, releaseApiUrl, fetch, now: () => clock.now() }),
      urlOf: (githubRepo) => `${url.replace(/\/+$/, '')}/${githubRepo}`,
    };
  },
});
