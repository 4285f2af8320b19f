// Uploads a small file to warm up, then the file, with the OSS Go SDK v2 and its CRC64 check on. Prints the
// usage for the second one as JSON.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"log"
	"os"
	"syscall"
	"time"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss/credentials"
)

func main() {
	endpoint := flag.String("endpoint", "", "URL of the sink")
	warmUp := flag.String("warm-up", "", "path of the small file")
	file := flag.String("file", "", "path of the file")
	partSize := flag.Int64("part-size", 8<<20, "bytes")
	parallel := flag.Int("parallel", 4, "parts in flight")
	flag.Parse()

	config := oss.LoadDefaultConfig().
		WithCredentialsProvider(credentials.NewStaticCredentialsProvider("bench", "bench-secret")).
		WithRegion("cn-hangzhou").
		WithEndpoint(*endpoint).
		WithUsePathStyle(true)
	uploader := oss.NewUploader(oss.NewClient(config), func(options *oss.UploaderOptions) {
		options.PartSize = *partSize
		options.ParallelNum = *parallel
	})
	upload := func(path string) {
		request := &oss.PutObjectRequest{Bucket: oss.Ptr("bench"), Key: oss.Ptr("go")}
		if _, err := uploader.UploadFile(context.Background(), request, path); err != nil {
			log.Fatal(err)
		}
	}

	upload(*warmUp)
	before, startedAt := cpuSeconds(), time.Now()
	upload(*file)
	wallSeconds := time.Since(startedAt).Seconds()
	json.NewEncoder(os.Stdout).Encode(map[string]float64{
		"cpuSeconds":  cpuSeconds() - before,
		"wallSeconds": wallSeconds,
		"peakMemory":  float64(usage().Maxrss) * 1024,
	})
}

func usage() syscall.Rusage {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		log.Fatal(err)
	}
	return usage
}

func cpuSeconds() float64 {
	spent := usage()
	return float64(spent.Utime.Nano()+spent.Stime.Nano()) / 1e9
}
