import { corsAllowHeaders, corsExposeHeaders, corsMaxAgeSeconds, corsMethods } from '#contract/cors.ts';
import type { Cors } from './gateway/cors.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** RUNNER_PILOT_CORS_ORIGINS: origins with commas between them; by default pages of this machine. */
export function corsOf({ RUNNER_PILOT_CORS_ORIGINS: origins }: Environment): Cors {
  return {
    origins: origins?.split(/[\s,]+/).filter((origin) => origin !== '') ?? ['http://localhost:*', 'http://127.0.0.1:*'],
    methods: corsMethods,
    allowHeaders: corsAllowHeaders,
    exposeHeaders: corsExposeHeaders,
    maxAgeSeconds: corsMaxAgeSeconds,
  };
}

/** RUNNER_PILOT_PROXIES: how many reverse proxies stand before local mode. */
export function proxiesOf({ RUNNER_PILOT_PROXIES: count = '' }: Environment): number {
  if (/^\d?$/.test(count)) return Number(count);
  throw new Error(
    `RUNNER_PILOT_PROXIES is "${count}"; it must be the number of reverse proxies that add to X-Forwarded-For, from 0 to 9.`,
  );
}

/** The host name of RUNNER_PILOT_PUBLIC_URL, if that is set. */
export function publicHostOf({ RUNNER_PILOT_PUBLIC_URL: url }: Environment): string[] {
  if (!url) return [];
  if (!URL.canParse(url))
    throw new Error(`RUNNER_PILOT_PUBLIC_URL is "${url}"; it must be a URL such as https://rp.example.com.`);
  return [new URL(url).hostname];
}
