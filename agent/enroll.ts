import type { NodeFacts } from '#domain/node.ts';
import { callEnroll, type Enrolled } from './control/client.ts';
import type { Refusal } from './control/refusal.ts';
import type { NodeRecord } from './state.ts';

/** How the machine may be rung: by SSM, or not at all. */
export type Bell = 'register' | 'none';

/** A machine that has become a node, or why it has not. */
export type Enrollment =
  | { readonly ok: true; readonly record: NodeRecord; readonly enrolled: Enrolled }
  | { readonly ok: false; readonly refusal: Refusal };

/** Spends an enrollment code: it is good once, so what comes of it has to be kept at once. */
export async function enrollNode(order: {
  readonly url: string;
  readonly code: string;
  readonly bell: Bell;
  readonly bootId: string;
  readonly facts: NodeFacts;
}): Promise<Enrollment> {
  const { url, code, bell, bootId, facts } = order;
  const answer = await callEnroll(url, { code, bell, boot_id: bootId, facts });
  if (!answer.ok) return answer;
  const { node, token } = answer.reply;
  return { ok: true, record: { ...node, url, token }, enrolled: answer.reply };
}
