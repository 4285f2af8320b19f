import { type FailureKind, failureKind } from '../failures.ts';
import type { UploadTexts } from './texts.ts';

export const ENGLISH: UploadTexts = {
  title: 'File upload',
  choose: (isMultiple) => (isMultiple ? 'Choose files' : 'Choose a file'),
  drop: (isMultiple) => (isMultiple ? 'or drop them here' : 'or drop it here'),
  files: 'Files',
  allFiles: 'All files',
  pause: 'Pause',
  resume: 'Resume',
  retry: 'Try again',
  remove: 'Remove',
  buttonLabel: (action, fileName) => `${action} ${fileName}`,
  phases: {
    opening: 'Waiting',
    sending: 'Uploading',
    paused: 'Paused',
    completing: 'Finishing',
    completed: 'Uploaded',
    failed: 'Failed',
    offline: 'Offline, resumes automatically',
  },
  timeLeft: (time) => `${time} left`,
  sizeOf: (sent, size) => `${sent} of ${size}`,
  summary: ({ files, completed, failed }) =>
    `${completed} of ${count(files)} uploaded${failed === 0 ? '' : `, ${failed} failed`}`,
  failure: ({ code }) => `${FAILURES[failureKind(code)]} (${code})`,
  announcement: (fileName, state) => `${fileName}: ${state}.`,
  filesAdded: (added) => `${count(added)} added.`,
  typeNotAccepted: (fileNames) => `Not added, file type not accepted: ${fileNames.join(', ')}.`,
  tooManyFiles: (filesMax) => `Not all files were added. The maximum is ${count(filesMax)}.`,
  foldersNotAccepted: 'Folders cannot be uploaded. Choose the files in the folder.',
  unfinished: 'Unfinished uploads',
  chooseAgain: 'Choose file again',
  startedAgo: (age) => `started ${age}`,
  activeElsewhere: 'Uploading in another tab',
  differentFile: (fileName) => `This file is different or has changed. Choose the original ${fileName}.`,
  unreadable: 'The file cannot be read. Choose it again.',
  unfinishedFound: (found) => `${found === 1 ? '1 unfinished upload' : `${found} unfinished uploads`}.`,
};

function count(files: number): string {
  return files === 1 ? '1 file' : `${files} files`;
}

const FAILURES: Readonly<Record<FailureKind, string>> = {
  connection: 'The connection failed. Try again.',
  signIn: 'Sign in again, then try again.',
  refused: 'The server rejected this file.',
  file: 'The file has changed or cannot be read. Remove it and choose it again.',
  exists: 'A file with this name already exists.',
  unconfirmed: 'The file was stored, but this could not be confirmed.',
  elsewhere: 'This file is already being uploaded, perhaps in another tab.',
  aborted: 'Cancelled.',
  defect: 'Something went wrong. Try again.',
};
