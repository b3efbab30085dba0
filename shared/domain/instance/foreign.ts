import type { Instance } from '../instance.ts';
import type { Report } from './news.ts';

const isEnd = ({ state }: Report): boolean => state === 'exited' || state === 'gone';
const isUp = ({ want, state }: Instance): boolean => want === 'run' && (state === 'started' || state === 'running');

/** Whether a machine in this boot says that what was started in another has ended: it was restarted, or has a copy of its disk. */
export const isForeignEnd = (row: Instance, told: readonly Report[], boot_id: string): boolean =>
  isUp(row) && row.boot_id !== undefined && row.boot_id !== boot_id && told.some(isEnd);

/** What is told besides. */
export const withoutEnds = (told: readonly Report[]): readonly Report[] => told.filter((report) => !isEnd(report));
