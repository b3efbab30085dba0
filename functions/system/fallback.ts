import { operations } from '#contract/operations.ts';
import { fallback } from '#lambda/fallback.ts';

export const handler = fallback(operations);
