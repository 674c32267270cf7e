package import Dispatch
package import VolumeStore
package import Volumes

/// Where the records of a home go, before anything is told that rests on them. For one thread at a time; what fails is the last that
/// was done.
package protocol HomeRecords: AnyObject {
    /// Whether what the home has may be told: no other one can have begun to answer.
    var isInCharge: Bool { get }

    /// Takes the next record, which is carried out already.
    func enter(_ record: Record) throws(VolumeStoreError)

    /// Somebody waits for records up to this one to be durable; others may take their time.
    func settle(_ record: UInt64)

    /// Looks whether all that was carried out and read so far was as it was said.
    func check() throws(VolumeStoreError)

    /// Is called about once a second, for upkeep that does not take long.
    func tend() throws(VolumeStoreError)

    /// Comes back when all records are durable.
    ///
    /// - Throws: ``VolumeStoreError/unsettled(_:)`` when that takes longer than the patience, and nothing has failed.
    func commit(within patience: DispatchTimeInterval) throws(VolumeStoreError)

    func close()

    /// As ``close()``, and waits for nothing: what is not durable may come to be so.
    func end()
}

extension VolumeDatabase: HomeRecords {
    package func settle(_ record: UInt64) { journal.settle(through: record) }
}
