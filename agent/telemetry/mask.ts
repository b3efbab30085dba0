/** Shorter values would mask what is no secret. */
const shortest = 8;

/** Replaces the known secrets of an instance wherever they stand in a line. */
export function createMask() {
  const secrets = new Map<string, Set<string>>();

  return {
    add(uid: string, secret: string): void {
      if (secret.length < shortest) return;
      const known = secrets.get(uid) ?? new Set();
      known.add(secret);
      secrets.set(uid, known);
    },

    apply(uid: string, text: string): string {
      const known = secrets.get(uid);
      if (known === undefined) return text;
      let masked = text;
      for (const secret of known) if (masked.includes(secret)) masked = masked.replaceAll(secret, '***');
      return masked;
    },

    forget: (uid: string): boolean => secrets.delete(uid),
  };
}

/** Replaces the known secrets of an instance. */
