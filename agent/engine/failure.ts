/** An answer of the engine that says no: its status and its own sentence. */
export interface EngineFailure extends Error {
  readonly engineStatus: number;
}

/** Makes the failure that is thrown for an answer that says no. */
export function engineFailure(status: number, message: string): EngineFailure {
  return Object.assign(new Error(message), { engineStatus: status });
}

/** Is this the engine's no, rather than an engine that can't be reached? With `status`: this very one? */
export function isEngineFailure(error: unknown, status?: number): error is EngineFailure {
  if (!(error instanceof Error) || !('engineStatus' in error)) return false;
  return status === undefined || error.engineStatus === status;
}
