import * as z from 'zod';

// What we read of the engine's answers: https://docs.docker.com/reference/api/engine/version/v1.41/

/** What went wrong. */
export const Message = z.object({ message: z.string() });

/** What was made. */
export const Created = z.object({ Id: z.string() });

export const Version = z.object({ Version: z.string(), ApiVersion: z.string(), MinAPIVersion: z.string().optional() });

/** What the engine says of its machine. */
export const Info = z.object({
  Name: z.string(),
  OperatingSystem: z.string(),
  Architecture: z.string(),
  NCPU: z.number(),
  MemTotal: z.number(),
  DockerRootDir: z.string(),
  LiveRestoreEnabled: z.boolean().optional(),
  /** `N/A` where the engine has no init to give to containers. */
  InitCommit: z.object({ ID: z.string() }).optional(),
});
export type Info = z.output<typeof Info>;

/** A container, inspected. */
export const Container = z.object({
  Id: z.string(),
  Name: z.string(),
  Created: z.string(),
  Image: z.string(),
  Config: z.object({ Labels: z.record(z.string(), z.string()).nullish() }),
  State: z.object({
    Status: z.string(),
    Running: z.boolean(),
    OOMKilled: z.boolean(),
    ExitCode: z.int(),
    Error: z.string().optional(),
    StartedAt: z.string(),
    FinishedAt: z.string(),
  }),
  HostConfig: z.object({ NanoCpus: z.number().optional(), Memory: z.number().optional() }),
});
export type Container = z.output<typeof Container>;

/** A container, listed. */
export const ListedContainer = z.object({
  Id: z.string(),
  Names: z.array(z.string()),
  State: z.string(),
  ImageID: z.string(),
  Labels: z.record(z.string(), z.string()).nullish(),
});
export type ListedContainer = z.output<typeof ListedContainer>;

/** A network, listed. */
export const Network = z.object({
  Id: z.string(),
  Name: z.string(),
  Labels: z.record(z.string(), z.string()).nullish(),
  IPAM: z.object({ Config: z.array(z.object({ Subnet: z.string().optional() })).nullish() }).nullish(),
  /** What is in it; only of one that is asked for by itself. */
  Containers: z.record(z.string(), z.object({ Name: z.string() })).nullish(),
});
export type Network = z.output<typeof Network>;

/** A volume; `Mountpoint` is its folder on the engine's machine. */
export const Volume = z.object({
  Name: z.string(),
  Mountpoint: z.string(),
  Labels: z.record(z.string(), z.string()).nullish(),
});
export type Volume = z.output<typeof Volume>;
export const Volumes = z.object({ Volumes: z.array(Volume).nullish() });

/** A command in a container; without a code while it runs. */
export const Exec = z.object({ ExitCode: z.int().nullish() });

/** An image, inspected. */
export const Image = z.object({
  Id: z.string(),
  Architecture: z.string().optional(),
  Os: z.string().optional(),
  RepoTags: z.array(z.string()).nullish(),
  RepoDigests: z.array(z.string()).nullish(),
});

/** An image, listed. */
export const ListedImage = z.object({ Id: z.string() });
export type ListedImage = z.output<typeof ListedImage>;
export type Image = z.output<typeof Image>;

/** What a container uses, cumulative since its start. */
export const Stats = z.object({
  cpu_stats: z.object({ cpu_usage: z.object({ total_usage: z.number() }) }),
  memory_stats: z.object({
    usage: z.number().optional(),
    stats: z.record(z.string(), z.number()).optional(),
  }),
});
export type Stats = z.output<typeof Stats>;

/** Something that happened to a container. */
export const Event = z.object({
  Action: z.string(),
  Actor: z.object({ ID: z.string(), Attributes: z.record(z.string(), z.string()) }),
});
export type Event = z.output<typeof Event>;

/** A line of a pull's progress. */
export const Progress = z.object({
  status: z.string().optional(),
  id: z.string().optional(),
  progressDetail: z.object({ current: z.number().optional(), total: z.number().optional() }).optional(),
  error: z.string().optional(),
});
export type Progress = z.output<typeof Progress>;
