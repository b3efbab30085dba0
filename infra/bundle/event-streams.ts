// Stands in for the SDK's event streams, which nothing here speaks (of CloudWatch Logs it is only StartLiveTail).

const refuse = (): never => {
  throw new Error('Event streams are not in the bundle (infra/bundle).');
};

/** Leaves a client's configuration as it is. */
export const resolveEventStreamSerdeConfig = <C>(config: C): C => config;
/** Is asked for only by what streams events. */
export const eventStreamSerdeProvider = refuse;
/** Is made only by what streams events. */
export const EventStreamSerde = refuse;
