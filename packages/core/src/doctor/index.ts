// For those who operate uploads.

export type { Check, CheckName, CheckStatus } from './check.ts';
export type { ExamineOptions } from './examine-bucket.ts';
export { examineBucket } from './examine-bucket.ts';
