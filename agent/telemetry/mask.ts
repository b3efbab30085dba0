/** Shorter values would mask what is no secret. */
const shortest = 8;

/** Replaces the known secrets of an instance wherever they stand in a line. */
export function createMask() {
  const secrets = new Map<string, Set<string>>();
  const everywhere = new Set<string>();

  return {
    /** Of all instances. */
    addToAll(secret: string): void {
      if (secret.length >= shortest) everywhere.add(secret);
    },

    add(uid: string, secret: string): void {
      if (secret.length < shortest) return;
      const known = secrets.get(uid) ?? new Set();
      known.add(secret);
      secrets.set(uid, known);
    },

    apply(uid: string, text: string): string {
      let masked = text;
      for (const secret of [...everywhere, ...(secrets.get(uid) ?? [])])
        if (masked.includes(secret)) masked = masked.replaceAll(secret, '***');
      return masked;
    },

    forget: (uid: string): boolean => secrets.delete(uid),
  };
}

/** Replaces the known secrets of an instance. */
