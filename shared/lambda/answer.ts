const answered: unique symbol = Symbol('answer');

/** What goes with an answer besides its body. */
export interface AnswerOptions {
  /** The version of the resource: its `ETag`. */
  readonly version?: number;
  /** Cursors of the neighbouring pages: `Link`. */
  readonly next?: string | undefined;
  readonly previous?: string | undefined;
  /** Hashes of the page's own scripts and styles, for its `Content-Security-Policy`. */
  readonly contentSecurityPolicy?: string;
}

/** A body with what goes with it. */
export interface Answer<T> {
  readonly [answered]: true;
  readonly body: T;
  readonly options: AnswerOptions;
}

/** Answers with headers: `return answer(view, { version: node.version })`. */
export const answer = <T>(body: T, options: AnswerOptions): Answer<T> => ({ [answered]: true, body, options });

/** Whether a function's result is an answer with headers. */
export const isAnswer = (result: unknown): result is Answer<unknown> =>
  typeof result === 'object' && result !== null && answered in result;
