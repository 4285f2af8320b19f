/**
 * Whether the `accept` of a file input lets a file through: a list of endings (`.mp4`), types (`image/png`)
 * and kinds (`video/*`). Browsers ask it of what is picked, not of what is dropped.
 */
export function accepts(accept: string, { name, type }: Pick<File, 'name' | 'type'>): boolean {
  const wanted = accept
    .toLowerCase()
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  const [fileName, fileType] = [name.toLowerCase(), type.toLowerCase().split(';')[0] ?? ''];
  return wanted.length === 0 || wanted.some((entry) => fits(entry, fileName, fileType));
}

function fits(entry: string, fileName: string, fileType: string): boolean {
  if (entry.startsWith('.')) return fileName.endsWith(entry);
  if (entry === '*/*') return true;
  if (entry.endsWith('/*')) return fileType.startsWith(entry.slice(0, -1));
  return fileType === entry;
}
