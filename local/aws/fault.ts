/** An error that a service answers on purpose, under AWS's own name for it. */
export interface AwsFault extends Error {
  readonly code: string;
  readonly status: number;
}

const faults = new WeakSet<Error>();

/** Makes an {@link AwsFault}, to be thrown. An empty message is left out of the answer, as some services do. */
export function awsFault(code: string, message = '', status = 400): AwsFault {
  const fault = Object.assign(new Error(message), { name: code, code, status });
  faults.add(fault);
  return fault;
}

/** Whether an error is an answer rather than a defect. */
export function isAwsFault(error: unknown): error is AwsFault {
  return error instanceof Error && faults.has(error);
}

/** Says no in the words of IAM. */
export function accessDenied(caller: string, action: string, resource: string, because: string): AwsFault {
  const what = `User: ${caller} is not authorized to perform: ${action} on resource: ${resource}`;
  return awsFault('AccessDeniedException', `${what} because no ${because} allows the ${action} action`);
}
