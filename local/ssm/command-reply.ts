import { type Command, isOver } from './history.ts';

/** A command as SendCommand and ListCommands show it. */
export function describeCommand(command: Command): object {
  const all = [...command.invocations.values()];
  const status = statusOf(command);
  return {
    CommandId: command.id,
    DocumentName: command.documentName,
    DocumentVersion: command.documentVersion,
    Comment: command.comment,
    ExpiresAfter: command.expiresAt / 1000,
    Parameters: {},
    InstanceIds: command.instanceIds,
    Targets: [],
    RequestedDateTime: command.requestedAt / 1000,
    Status: status,
    StatusDetails: status,
    OutputS3Region: '',
    OutputS3BucketName: '',
    OutputS3KeyPrefix: '',
    MaxConcurrency: command.maxConcurrency,
    MaxErrors: command.maxErrors,
    TargetCount: all.length,
    CompletedCount: all.filter(isOver).length,
    ErrorCount: all.filter((one) => one.status === 'Failed' || one.statusDetails === 'ExecutionTimedOut').length,
    DeliveryTimedOutCount: all.filter((one) => one.statusDetails === 'DeliveryTimedOut').length,
    ServiceRole: '',
    NotificationConfig: { NotificationArn: '', NotificationEvents: [], NotificationType: '' },
    TimeoutSeconds: command.deliverySeconds,
  };
}

/** What a command's invocations come to together. */
export function statusOf({ invocations }: Command): string {
  const all = [...invocations.values()].map(({ status }) => status);
  if (all.every((status) => status === 'Pending')) return 'Pending';
  if (all.some((status) => status === 'Pending' || status === 'InProgress')) return 'InProgress';
  return (['Failed', 'TimedOut'] as const).find((status) => all.includes(status)) ?? 'Success';
}
