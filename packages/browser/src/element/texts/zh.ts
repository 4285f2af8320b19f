import { type FailureKind, failureKind } from '../failures.ts';
import type { UploadTexts } from './texts.ts';

export const CHINESE: UploadTexts = {
  title: '上传文件',
  choose: () => '选择文件',
  drop: () => '或将文件拖到此处',
  files: '文件',
  allFiles: '全部文件',
  pause: '暂停',
  resume: '继续',
  retry: '重试',
  remove: '移除',
  buttonLabel: (action, fileName) => `${action} ${fileName}`,
  phases: {
    opening: '等待中',
    sending: '上传中',
    paused: '已暂停',
    completing: '即将完成',
    completed: '已上传',
    failed: '失败',
    offline: '网络已断开，恢复后自动继续',
  },
  timeLeft: (time) => `剩余 ${time}`,
  sizeOf: (sent, size) => `${sent} / ${size}`,
  summary: ({ files, completed, failed }) =>
    `已上传 ${completed} 个，共 ${files} 个文件${failed === 0 ? '' : `，${failed} 个失败`}`,
  failure: ({ code }) => `${FAILURES[failureKind(code)]}（${code}）`,
  announcement: (fileName, state) => `${fileName}：${state}。`,
  filesAdded: (added) => `已添加 ${added} 个文件。`,
  typeNotAccepted: (fileNames) => `未添加以下文件，不支持此类型：${fileNames.join('、')}。`,
  tooManyFiles: (filesMax) => `未添加全部文件：最多 ${filesMax} 个。`,
  foldersNotAccepted: '无法上传文件夹，请选择其中的文件。',
  unfinished: '未完成的上传',
  chooseAgain: '重新选择文件',
  startedAgo: (age) => `开始于${age}`,
  activeElsewhere: '正在其他标签页中上传',
  differentFile: (fileName) => `所选文件不同或已更改，请选择原来的 ${fileName}。`,
  unreadable: '无法读取文件，请重新选择。',
  unfinishedFound: (found) => `有 ${found} 个未完成的上传。`,
};

const FAILURES: Readonly<Record<FailureKind, string>> = {
  connection: '连接失败，请重试。',
  signIn: '请重新登录后再试。',
  refused: '服务器不接受此文件。',
  file: '文件已更改或无法读取，请移除后重新选择。',
  exists: '已存在同名文件。',
  unconfirmed: '文件已存储，但未能确认。',
  elsewhere: '此文件正在上传，可能在另一个标签页中。',
  aborted: '已取消。',
  defect: '出错了，请重试。',
};
