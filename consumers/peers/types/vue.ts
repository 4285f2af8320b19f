// A component with Vue's own types. Compiled only.
import { type Upload, uploadFile } from '@partway/browser';
import { type UploadRefs, useUpload } from '@partway/browser/vue';
import { type Component, defineComponent, h, shallowRef } from 'vue';

export const uploadOne: Component = defineComponent(() => {
  const upload = shallowRef<Upload>();
  const { snapshot, object, error, pause }: UploadRefs = useUpload(upload);
  const begin = (file: File): void => {
    upload.value = uploadFile(file, { endpoint: '/uploads' });
  };
  return () =>
    h('button', { onClick: pause, begin }, error.value?.code ?? object.value?.key ?? snapshot.value?.phase);
});
