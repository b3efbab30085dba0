import type { Limits } from '#domain/runner.ts';

/** The newest 64 MiB of output are kept by the engine: they are also what is shipped once the control plane is back. */
export const logging = { Type: 'json-file', Config: { 'max-size': '16m', 'max-file': '4' } };

/** Limits, as the engine takes them. */
export function limitsOf({ cpus, memory_mb, pids }: Limits) {
  const memory = memory_mb === null ? undefined : memory_mb * 1024 * 1024;
  return {
    ...(cpus === null ? {} : { NanoCpus: Math.round(cpus * 1e9) }),
    // Without swap of its own: a limit is a limit.
    ...(memory === undefined ? {} : { Memory: memory, MemorySwap: memory }),
    ...(pids === null ? {} : { PidsLimit: pids }),
  };
}
