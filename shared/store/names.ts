const shown = 10;

/** Names the instances that are in somebody's way: those being deleted as such, a few of many. */
export function nameInstances(instances: readonly { readonly uid: string; readonly goes: boolean }[]): string {
  const names = instances.slice(0, shown).map(({ uid, goes }) => `rp-${uid}${goes ? ' (being deleted)' : ''}`);
  const more = instances.length - names.length;
  return names.join(', ') + (more > 0 ? ` and ${more} more` : '');
}
