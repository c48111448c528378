export type { HostImage } from '#runtime';
