import { malformedXml } from '../errors.ts';
import { type Answer, emptyAnswer, xmlAnswer } from '../http/response.ts';
import { childrenNamed, exactTextOf, readXml, textOf, type XmlElement } from '../http/xml.ts';
import type { Bucket, OssState } from '../storage/state.ts';
import type { QueryParameters } from '../types.ts';
import { encoded, encodingElement } from './multipart.ts';
import { deleteObject } from './objects.ts';

const KEYS_MAX = 1000;

/** POST /?delete */
export async function deleteMultipleObjects(
  state: OssState,
  bucket: Bucket,
  xml: string,
  parameters: QueryParameters,
): Promise<Answer> {
  const root = readXml(xml, 'Delete');
  const objects = childrenNamed(root, 'Object');
  if (objects.length === 0 || objects.length > KEYS_MAX) throw malformedXml();
  if (objects.some((object) => !exactTextOf(object, 'Key'))) throw malformedXml();
  const deleted: XmlElement[] = [];
  for (const object of objects) {
    const key = exactTextOf(object, 'Key') ?? '';
    const versionId = textOf(object, 'VersionId');
    await deleteObject(state, bucket, key, versionId);
    deleted.push([
      'Deleted',
      [
        ['Key', encoded(key, parameters)],
        ['VersionId', versionId],
      ],
    ]);
  }
  if (textOf(root, 'Quiet') === 'true') return emptyAnswer(200);
  return xmlAnswer('DeleteResult', [...encodingElement(parameters), ...deleted]);
}
