/** The members that were given: a `PUT` changes what it names and leaves the rest. */
export const given = <T extends object>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };

/** The members that were given and are not null: where null says that there is none. */
export const filled = <T extends object>(members: T): { [K in keyof T]?: NonNullable<T[K]> } =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined && value !== null)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };

/** The members that were given, where null takes one away. */
export const emptied = <T extends object>(members: T): { [K in keyof T]?: NonNullable<T[K]> | undefined } =>
  Object.fromEntries(
    Object.entries(members).flatMap(([name, value]) => (value === undefined ? [] : [[name, value ?? undefined]])),
  ) as { [K in keyof T]?: NonNullable<T[K]> | undefined };
