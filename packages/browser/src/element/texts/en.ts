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
  button: (action, fileName) => `${action} ${fileName}`,
  phases: {
    opening: 'Waiting',
    sending: 'Uploading',
    paused: 'Paused',
    completing: 'Finishing',
    completed: 'Uploaded',
    failed: 'Failed',
    offline: 'No network, goes on by itself',
  },
  timeLeft: (time) => `${time} left`,
  sizeOf: (sent, size) => `${sent} of ${size}`,
  summary: ({ files, completed, failed }) =>
    `${completed} of ${count(files)} uploaded${failed === 0 ? '' : `, ${failed} failed`}`,
  failure: ({ code }) => `${FAILURES[failureKind(code)]} (${code})`,
  told: (fileName, state) => `${fileName}: ${state}.`,
  added: (added) => `${count(added)} added.`,
  refusedKind: (fileNames) =>
    `Not added, since files of this kind are not accepted: ${fileNames.join(', ')}.`,
  refusedCount: (filesMax) => `Not all files were added: there can be ${count(filesMax)} at most.`,
  refusedFolder: 'A folder cannot be uploaded. Choose the files in it.',
  unfinished: 'Unfinished uploads',
  chooseAgain: 'Choose file again',
  begun: (age) => `begun ${age}`,
  underWayElsewhere: 'Being uploaded elsewhere',
  anotherFile: (fileName) => `That is another file, or has changed. Choose ${fileName} as it was.`,
  unreadable: 'The file cannot be read. Choose it again.',
  foundUnfinished: (found) => `${found === 1 ? '1 unfinished upload' : `${found} unfinished uploads`}.`,
};

function count(files: number): string {
  return files === 1 ? '1 file' : `${files} files`;
}

const FAILURES: Readonly<Record<FailureKind, string>> = {
  connection: 'The connection failed. Try again.',
  signIn: 'Sign in again, and then try again.',
  refused: 'The server does not take this file.',
  file: 'The file has changed or cannot be read. Remove it and choose it again.',
  exists: 'There is a file of this name already.',
  unconfirmed: 'The file was stored, but that could not be confirmed.',
  elsewhere: 'This file is being uploaded already, perhaps in another tab.',
  aborted: 'Cancelled.',
  defect: 'Something went wrong. Try again.',
};
