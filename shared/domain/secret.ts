/** A value that shows itself only when asked: printed, logged, concatenated or turned into JSON it is `[redacted]`. */
export interface Secret {
  /** The value itself: to be called where it leaves for the one place that needs it. */
  reveal(): string;
  toString(): string;
  toJSON(): string;
}

const redacted = () => '[redacted]';

/** Wraps a value so that no way of printing shows it. */
export const secret = (value: string): Secret =>
  Object.freeze({
    reveal: () => value,
    toString: redacted,
    toJSON: redacted,
    [Symbol.toPrimitive]: redacted,
    // What console.log and util.inspect ask for.
    [Symbol.for('nodejs.util.inspect.custom')]: redacted,
  });
