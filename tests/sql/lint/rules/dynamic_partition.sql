# dialect: hive
# at: 1:39
# message: PARTITION (ds, country) of o.t takes its value from the rows; name the partition instead.
INSERT OVERWRITE TABLE o.t PARTITION (ds, country) SELECT uid, ds, country FROM logs.ev WHERE ds = '{{ ds }}'
----
# dialect: spark
# quiet
INSERT OVERWRITE TABLE o.t PARTITION (ds = '{{ ds }}') SELECT uid FROM logs.ev WHERE ds = '{{ ds }}'
